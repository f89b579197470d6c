/** As the server writes times: microseconds, and no zone. */
export function timeText(time: Date): string {
  return time.toISOString().replace('Z', '000');
}
