"""Health of the processes: liveness (`watchdog`), readiness (`readiness`), and metrics (`exposition`, `gauges`)."""
