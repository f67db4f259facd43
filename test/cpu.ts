/** Milliseconds of processor time since `process.cpuUsage()` gave `before`: what else the machine does does not count. */
export function cpuMillis(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
