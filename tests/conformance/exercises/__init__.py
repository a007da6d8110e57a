"""One module for each service, each with `run(world)`: every operation the sandbox has, called by a real client."""
