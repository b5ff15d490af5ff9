"""Where things are: in a build folder, in a source tree beside one, or installed."""

import os
import shutil
import sys

HERE = os.path.dirname(os.path.realpath(__file__))


class MissingError(Exception):
    pass


def program(name):
    # Started as build/bin/clopencl-matmul-suite, a link into the source tree, or installed: programs lie beside it.
    beside = os.path.dirname(os.path.abspath(sys.argv[0]))
    in_tree = os.path.join(HERE, "..", "..", "..", "build", "bin")
    for folder in (beside, in_tree):
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return os.path.realpath(path)
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"{name} is not beside {sys.argv[0]}, not in the build folder and not on PATH; build the "
                           "project, or install it")
    return found


def namespace_hosts():
    """The module that makes hosts out of namespaces: a test helper in a source tree, beside us when installed."""
    folder = os.path.join(HERE, "..", "..", "..", "tests", "support")
    if not os.path.exists(os.path.join(folder, "namespace_hosts.py")):
        folder = HERE
    sys.path.insert(0, os.path.realpath(folder))
    import namespace_hosts as module
    return module


def model(name):
    """The file of a model that has a name of its own, or `name` itself."""
    own = os.path.join(HERE, "models", f"{name}.toml")
    return own if os.path.exists(own) else name
