"""The options of the suite."""

import argparse
import os
import sys

from . import cases


def parse_options(argv):
    """The options, and the parser, for what else is found to be wrong.  The project's folder is
    the current one."""
    parser = argparse.ArgumentParser(
        prog="benchmarks/suite", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="""\
Measure stagecast and what one would use instead on an emulated cluster (tests/cluster): network
namespaces on this machine, joined by links of a given rate.  Needs root; on Debian 12 it runs in
a Debian 13 root of its own.  Writes to the folder results.md, results.h5 and pictures.""",
        epilog="""\
Every size is measured in each round with all contenders and numbers of nodes, by turns, and so is
the floor: the faster of stagecast and of a plain TCP copy (socat) to one node.  No ratio is given
where the floor moved by more than 5 %% between its rounds.  Leave the machine alone meanwhile.

Contenders: stagecast (its own plan), chain, group, store (and forward), pipeline (MPI_Bcast with
Open MPI's pipeline), binomial (tree), bcast (a loop of MPI_Bcast), unicast, and dbcast where it is
on PATH.""".replace("%%", "%"))
    parser.add_argument("--quick", action="store_true",
                        help="three rounds of 4K, 256K and 1s to 1, 4 and 8 nodes; some minutes")
    parser.add_argument("--nodes", metavar="N[@RATE],...",
                        help="recipients (default 1,2,4,8); with @RATE on links of their own, such "
                        "as 12@25mbit where the processor would not keep up")
    parser.add_argument("--rate", default="50mbit", help="of each link, each way (default 50mbit)")
    parser.add_argument("--sizes", metavar="SIZE,...",
                        help="of the files: 4K, 16M, or 5s for what takes 5 s at the floor "
                        "(default 4K,256K,1s,5s,10s)")
    parser.add_argument("--rounds", type=int, metavar="R",
                        help="runs of each (default 5); large files with those that take over "
                        "2.5 times the floor get 3 at most")
    parser.add_argument("--contenders", metavar="NAME,...", help="only these (default: all)")
    parser.add_argument("--output", default="build/suite", metavar="FOLDER",
                        help="below the project's folder (default build/suite)")
    options = parser.parse_args(argv)
    quick = options.quick
    options.nodes = options.nodes or ("1,4,8" if quick else "1,2,4,8")
    options.sizes = options.sizes or ("4K,256K,1s" if quick else "4K,256K,1s,5s,10s")
    options.rounds = options.rounds or (3 if quick else 5)
    try:
        options.rate_bits = cases.parse_rate(options.rate)
        options.pairs = cases.parse_nodes(options.nodes, options.rate_bits)
        for size in options.sizes.split(","):
            cases.parse_size(size, options.rate_bits)
    except ValueError as error:
        parser.error(str(error))
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
    options.output = os.path.abspath(options.output)
    if os.path.commonpath([os.getcwd(), options.output]) != os.getcwd():
        parser.error("--output: a folder below this project's, which all nodes see")
    return options, parser


if __name__ == "__main__":
    parse_options(sys.argv[1:])
