"""Runs code as a Python does: `-c`, `-m`, a script, or what stdin has.

Programs that a task starts with `sys.executable` expect an ordinary Python there, and a frozen program has none beside
it. So the frozen program itself does what CPython would do with the command line, with its own modules. The interpreter
runs already, so what CPython decides before that keeps its value: see docs/how-to/subprocesses.md.
"""

from __future__ import annotations

import builtins
import os
import sys
from types import ModuleType

from dagfloe.cli.frozen.python_options import PythonOptions, PythonUsageError, read_environment, read_options
from dagfloe.constants import EXIT_FAILURE, EXIT_USAGE
from dagfloe.runtime.missing_modules import advise, advise_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, TracebackType
    from typing import Any

_USAGE = """usage: {0} [option] ... [-c cmd | -m mod | file | -] [arg] ...
Try `python -h' for more information.
"""
_HELP = """usage: {0} [option] ... [-c cmd | -m mod | file | -] [arg] ...
This is the program of a bundle file of dagfloe. For the processes that a task starts, it is a Python that has the
modules of the bundle file. It accepts the options of Python, and has no interactive mode.
"""
#: How CPython shows this module in tracebacks. The path in a frozen program is another one.
_RUNPY = "<frozen runpy>"
#: Keeps the module `__main__` of this program, which the one of the code replaces.
_OWN_MAIN = sys.modules["__main__"]
_FLAG_COUNT = len(sys.flags)


def run_python(arguments: Sequence[str]) -> int:
    """Run a command line of Python.

    Args:
        arguments: the arguments, without the program.

    Returns:
        The exit status.

    Raises:
        SystemExit: as the code raises it.
    """
    try:
        options = read_environment(read_options(arguments), os.environ)
    except PythonUsageError as error:
        sys.stderr.write(f"{error}\n{_USAGE.format(sys.executable)}")
        return EXIT_USAGE
    if any(letter in options.switches for letter in "h?"):
        sys.stdout.write(_HELP.format(sys.executable))
        return 0
    if "V" in options.switches:
        sys.stdout.write(f"Python {sys.version if options.switches.count('V') > 1 else sys.version.split()[0]}\n")
        return 0
    if "i" in options.switches or (options.kind == "stdin" and sys.stdin is not None and sys.stdin.isatty()):
        sys.stderr.write(f"{sys.executable}: the program of a bundle file has no interactive mode: pass a script\n")
        return EXIT_USAGE
    _configure(options, arguments)
    try:
        failure = _call(_PREPARATIONS[options.kind](options))
    except OSError as error:
        sys.stderr.write(
            f"{sys.executable}: can't open file {_absolute(options.target)!r}: [Errno {error.errno}] {error.strerror}\n"
        )
        return EXIT_USAGE
    except Exception as error:  # noqa: BLE001 - such as a SyntaxError of the code
        failure = error
    return 0 if failure is None else _report(failure)


def _call(run: Callable[[], object]) -> BaseException | None:
    """Run the code; return the exception that it ends with, except a `SystemExit`."""
    try:
        run()
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the code may raise anything
        return error
    return None


def _configure(options: PythonOptions, arguments: Sequence[str]) -> None:
    """Set what the options ask for in this interpreter, as far as that is possible."""
    sys.orig_argv = [sys.executable, *arguments]
    sys.dont_write_bytecode = "B" in options.switches
    sys.flags = _Flags(options)  # type: ignore[assignment]
    sys._xoptions.clear()  # noqa: SLF001 - where Python keeps them
    for extension in options.extensions:
        name, separator, value = extension.partition("=")
        sys._xoptions[name] = value if separator else True  # noqa: SLF001
    if "S" not in options.switches:
        _add_site_builtins()
    if not options.ignores_environment:
        sys.path[:0] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    _set_streams(options)
    warnings = [*(["default"] if "dev" in sys._xoptions else []), *options.warnings]  # noqa: SLF001
    if warnings:
        import warnings as module  # noqa: PLC0415 - only with this option

        sys.warnoptions[:] = warnings
        module._processoptions(warnings)  # type: ignore[attr-defined]  # noqa: SLF001
    if {"dev", "faulthandler"} & sys._xoptions.keys():  # noqa: SLF001
        import faulthandler  # noqa: PLC0415

        faulthandler.enable()
    frames = sys._xoptions.get("tracemalloc")  # noqa: SLF001
    if frames is not None:
        import tracemalloc  # noqa: PLC0415

        tracemalloc.start(int(frames) if frames is not True else 1)


class _Flags:
    """`sys.flags` with the options of this command line. Python's own object cannot be changed."""

    def __init__(self, options: PythonOptions) -> None:
        switches = options.switches
        is_isolated = "I" in switches
        # The newest flags, such as those of threads, have names only: they are not part of the sequence.
        names = dict.fromkeys((*type(sys.flags).__match_args__, *vars(type(sys.flags))))
        values = {name: getattr(sys.flags, name) for name in names if not name.startswith(("_", "n_"))}
        values.update(
            debug=switches.count("d"),
            optimize=switches.count("O"),
            dont_write_bytecode=int("B" in switches),
            no_user_site=int(is_isolated or "s" in switches),
            no_site=int("S" in switches),
            ignore_environment=int(options.ignores_environment),
            verbose=switches.count("v"),
            bytes_warning=switches.count("b"),
            quiet=int("q" in switches),
            isolated=int(is_isolated),
            dev_mode="dev" in options.extensions,
        )
        if "safe_path" in values:
            values["safe_path"] = is_isolated or "P" in switches
        self.__dict__.update(values)

    def __iter__(self) -> Any:
        return iter([*vars(self).values()][:_FLAG_COUNT])

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __len__(self) -> int:
        return _FLAG_COUNT

    def __repr__(self) -> str:
        return "sys.flags({})".format(", ".join(f"{name}={value!r}" for name, value in vars(self).items()))


def _add_site_builtins() -> None:
    """Add `exit` and `quit`, which frozen programs do not have."""
    from _sitebuiltins import Quitter  # noqa: PLC0415 - only here

    for name in ("exit", "quit"):
        setattr(builtins, name, Quitter(name, "Ctrl-D (i.e. EOF)"))


def _set_streams(options: PythonOptions) -> None:
    """Open the standard streams without buffers, or with the encoding that the environment names."""
    encoding, _, errors = ("" if options.ignores_environment else os.environ.get("PYTHONIOENCODING", "")).partition(":")
    if encoding or errors:
        import codecs  # noqa: PLC0415 - only with this variable

        streams: tuple[Any, ...] = (sys.stdin, sys.stdout, sys.stderr)
        for stream in streams:
            own_errors = "backslashreplace" if stream is sys.stderr else errors or "strict"
            if stream is not None:
                stream.reconfigure(encoding=codecs.lookup(encoding).name if encoding else None, errors=own_errors)
    if "u" in options.switches:
        from io import TextIOWrapper  # noqa: PLC0415 - only with this option

        for number, name in ((1, "stdout"), (2, "stderr")):
            stream = getattr(sys, name)
            if stream is not None:
                raw = open(number, "wb", 0, closefd=False)  # noqa: SIM115 - it stays open
                unbuffered = TextIOWrapper(raw, stream.encoding, stream.errors, "\n", write_through=True)
                unbuffered.mode = "w"  # type: ignore[misc]
                setattr(sys, name, unbuffered)
                setattr(sys, f"__{name}__", unbuffered)


def _command(options: PythonOptions) -> Callable[[], object]:
    _begin(options, "-c", "")
    if sys.version_info >= (3, 13):  # tracebacks show the lines of the command
        import linecache  # noqa: PLC0415 - only here

        lines = options.target.splitlines(keepends=True)
        linecache.cache["<string>"] = (len(options.target), None, lines, "<string>")
    code = _compile(options.target, "<string>", options)
    return lambda: _execute(code, sys.modules["__main__"])


def _stdin(options: PythonOptions) -> Callable[[], object]:
    main = _begin(options, options.target, "")
    main.__file__ = "<stdin>"
    main.__dict__["__cached__"] = None
    code = _compile(sys.stdin.buffer.read() if sys.stdin is not None else b"", "<stdin>", options)
    return lambda: _execute(code, main)


def _module(options: PythonOptions) -> Callable[[], object]:
    _begin(options, "-m", os.getcwd())  # noqa: PTH109 - a str
    return lambda: _run_module(options.target, set_argv=True)


def _file(options: PythonOptions) -> Callable[[], object]:
    """Run a script, or the `__main__` of a folder or a zip file."""
    from pkgutil import get_importer  # noqa: PLC0415 - only here

    path = options.target
    if get_importer(path) is not None:
        _begin(options, path, None)
        sys.path.insert(0, os.path.abspath(path) if os.path.isdir(path) else path)  # noqa: PTH100, PTH112 - a str
        return lambda: _run_module("__main__", set_argv=False)
    with open(path, "rb") as file:  # noqa: PTH123 - a str
        content = file.read()
    main = _begin(options, path, os.path.dirname(os.path.realpath(path)))  # noqa: PTH120 - a str
    path = _absolute(path)
    from importlib.machinery import SourceFileLoader, SourcelessFileLoader  # noqa: PLC0415 - only here

    is_compiled = path.endswith(".pyc")
    loader = (SourcelessFileLoader if is_compiled else SourceFileLoader)("__main__", path)
    main.__file__, main.__loader__ = path, loader
    main.__dict__["__cached__"] = None
    code = loader.get_code("__main__") if is_compiled else _compile(content, path, options)
    assert code is not None  # noqa: S101 - only the source of a package can be missing
    return lambda: _execute(code, main)


def _absolute(path: str) -> str:
    return os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118 - CPython does not change the rest of the path


def _begin(options: PythonOptions, name: str, folder: str | None) -> ModuleType:
    """Set the arguments and the first folder of the module path, and make the module that the code runs in."""
    sys.argv[:] = [name, *options.arguments]
    if folder is not None and not {"I", "P"} & set(options.switches):
        sys.path.insert(0, folder)
    main = ModuleType("__main__")
    main.__loader__ = sys.__loader__
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    sys.modules["__main__"] = main
    return main


def _compile(source: str | bytes, path: str, options: PythonOptions) -> CodeType:
    if "x" in options.switches and options.kind == "file" and isinstance(source, bytes):
        source = b"\n" + source.partition(b"\n")[2]
    level = min(options.switches.count("O"), 2)
    code: CodeType = compile(source, path, "exec", dont_inherit=True, optimize=level)
    return code


def _execute(code: CodeType, main: ModuleType) -> None:
    exec(code, main.__dict__)  # noqa: S102 - what this module is for


def _run_module(name: str, *, set_argv: bool) -> None:
    import runpy  # noqa: PLC0415 - only here

    for function in (runpy._run_module_as_main, runpy._run_code):  # type: ignore[attr-defined]  # noqa: SLF001
        if sys.version_info >= (3, 11):
            function.__code__ = function.__code__.replace(co_filename=_RUNPY)
    try:
        runpy._run_module_as_main(name, set_argv)  # type: ignore[attr-defined]  # noqa: SLF001
    except SystemExit as error:
        missing = _find_missing(error.code, name)
        advice = advise_on(missing) if missing else ""
        if not advice:
            raise
        raise SystemExit(f"{error.code}\n{advice}") from None


def _find_missing(message: object, name: str) -> str:
    """The module of `-m` that this program lacks, by the message of `runpy`; empty if it lacks none."""
    if not isinstance(message, str) or not message.startswith(f"{sys.executable}: "):
        return ""
    if message.endswith(f"No module named {name}") or "(ModuleNotFoundError: No module named " in message:
        return name
    package = sys.modules.get(name)
    is_own = str(getattr(package, "__file__", "")).startswith(os.path.join(sys.prefix, ""))  # noqa: PTH118 - a str
    return f"{name}.__main__" if is_own and f"No module named {name}.__main__" in message else ""


def _report(error: BaseException) -> int:
    """Print an exception as CPython does when it leaves the code; return the exit status."""
    error.__traceback__ = _without_own_frames(error.__traceback__)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    failure = _call(lambda: sys.excepthook(type(error), error, error.__traceback__))
    if failure is not None:  # the hook is the author's
        failure.__traceback__ = _without_own_frames(failure.__traceback__)
        sys.stderr.write("Error in sys.excepthook:\n")
        sys.__excepthook__(type(failure), failure, failure.__traceback__)
        sys.stderr.write("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, error.__traceback__)
    if advice := advise(error):
        sys.stderr.write(f"{advice}\n")
    if isinstance(error, KeyboardInterrupt):
        _die_of_interrupt()
    return EXIT_FAILURE


def _without_own_frames(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_frame.f_code.co_filename == run_python.__code__.co_filename:
        traceback = traceback.tb_next
    return traceback


def _die_of_interrupt() -> None:
    """End as CPython does after a KeyboardInterrupt: like a program that does not handle SIGINT."""
    import atexit  # noqa: PLC0415 - only here
    import signal  # noqa: PLC0415
    import threading  # noqa: PLC0415

    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


_PREPARATIONS = {"command": _command, "module": _module, "file": _file, "stdin": _stdin}
