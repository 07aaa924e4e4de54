/** What is told to the operator while the connector works; never record data, never secrets. */
type LogLevel = 'INFO' | 'WARN'

export type Log = (level: LogLevel, message: string) => void
