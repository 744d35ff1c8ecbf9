"`python -m airl` is the command `airl`."
from airl.cli import main

if __name__ == '__main__': main()
