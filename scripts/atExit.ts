const duties = new Set<() => void>();
let watching = false;

/**
 * Registers a duty (synchronous) that is done once: by the function returned, or else when this process exits,
 * also by Ctrl-C or by being asked to end. A test host that outlives its test run would go unnoticed for hours.
 */
export function atExit(duty: () => void): () => void {
  if (!watching) watchProcess();
  duties.add(duty);
  return () => {
    if (duties.delete(duty)) duty();
  };
}

function watchProcess(): void {
  watching = true;
  process.on('exit', () => {
    for (const duty of [...duties].reverse()) {
      duties.delete(duty);
      duty();
    }
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(130));
  }
}
