"""``python -m tencentserverless``: the command line."""

from tencentserverless._cli import main

if __name__ == "__main__":
    main()
