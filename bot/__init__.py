"""Bot runs: composition root, config, web, intake, worker, delivery, timers, commands."""
