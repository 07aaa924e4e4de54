/** Log messages for the operator; never record data, never secrets. */
type LogLevel = 'INFO' | 'WARN'

export type Log = (level: LogLevel, message: string) => void
