"""`python -m ecs`: see `--help`."""

from ecs.cli import main

if __name__ == "__main__":
    main()
