// Loads records, one Airbyte message per line on stdin, with a pipeline of go-redis.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/redis/go-redis/v9"
)

const chunk = 1_000

type message struct {
	Type   string `json:"type"`
	Record struct {
		Namespace string          `json:"namespace"`
		Stream    string          `json:"stream"`
		EmittedAt int64           `json:"emitted_at"`
		Data      json.RawMessage `json:"data"`
	} `json:"record"`
}

func main() {
	client := redis.NewClient(&redis.Options{
		Addr:     net.JoinHostPort(os.Args[1], os.Args[2]),
		Password: os.Getenv("REDISCLI_AUTH"),
	})
	defer client.Close()
	if err := load(context.Background(), client.Pipeline(), bufio.NewReader(os.Stdin)); err != nil {
		log.Fatal(err)
	}
}

func load(ctx context.Context, pipeline redis.Pipeliner, lines *bufio.Reader) error {
	number := 0
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var message message
		if err := json.Unmarshal(line, &message); err != nil {
			return err
		}
		if message.Type != "RECORD" {
			continue
		}
		record := &message.Record
		number++
		pipeline.HSet(ctx, fmt.Sprintf("%s:%s:%d", record.Namespace, record.Stream, number),
			"_airbyte_ab_id", number,
			"_airbyte_emitted_at", record.EmittedAt,
			"_airbyte_data", []byte(record.Data))
		if number%chunk == 0 {
			if _, err := pipeline.Exec(ctx); err != nil {
				return err
			}
		}
	}
	_, err := pipeline.Exec(ctx)
	return err
}
