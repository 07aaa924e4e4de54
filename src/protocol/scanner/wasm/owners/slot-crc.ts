/** The hash slots of a Redis Cluster: redis/resp/key-slot.ts computes the same in JavaScript. */
import { CLOSE_OBJECT, OPEN_OBJECT } from '../bytes'

export const SLOTS: u32 = 16384

/** CRC16 of the XMODEM kind, by leading byte. */
const crcs = memory.data(512)

export function fillCrcs(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)
    store<u16>(crcs + (byte << 1), <u16>crc)
  }
}

/** Returns the slot of the hash tag: the text between the first brace and the next closing one; without one, that of the key. */
export function slotOf(start: usize, end: usize): u32 {
  let crc: u32 = 0
  for (let at = start; at < end; at++) {
    if (load<u8>(at) == OPEN_OBJECT) {
      const close = closing(at + 1, end)
      crc = close > at + 1 ? crcOf(at + 1, close, 0) : crcOf(at, end, crc)
      break
    }
    crc = next(crc, at)
  }
  return crc & (SLOTS - 1)
}

/** Returns the address of the next closing brace; 0 where there is none. */
function closing(start: usize, end: usize): usize {
  for (let at = start; at < end; at++) if (load<u8>(at) == CLOSE_OBJECT) return at
  return 0
}

function crcOf(start: usize, end: usize, before: u32): u32 {
  let crc = before
  for (let at = start; at < end; at++) crc = next(crc, at)
  return crc
}

function next(crc: u32, at: usize): u32 {
  return ((crc << 8) & 0xffff) ^ load<u16>(crcs + (((crc >> 8) ^ load<u8>(at)) << 1))
}
