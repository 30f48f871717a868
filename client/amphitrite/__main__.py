"""``python -m amphitrite`` is the command line."""

from amphitrite.cli import main

if __name__ == "__main__":
    main()
