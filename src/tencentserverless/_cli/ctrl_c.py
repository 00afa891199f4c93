"""Ctrl-C that came where Python cannot raise it."""

import sys

SECONDS = 0.01


def raise_later() -> None:
    """Raise Ctrl-C once more if it came in a callback, such as the one at the end of an import.

    Python cannot raise an exception there. It prints "Exception ignored in", and the program would go on.
    """
    hook = sys.unraisablehook

    def unraisable(found: "sys.UnraisableHookArgs") -> None:
        if found.exc_type is not KeyboardInterrupt:
            hook(found)
            return
        from threading import Timer

        Timer(SECONDS, _send_to_main_thread).start()  # not at once: it must not come in this hook

    sys.unraisablehook = unraisable


def _send_to_main_thread() -> None:
    import signal
    from _thread import interrupt_main
    from threading import main_thread

    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)  # it interrupts a call that waits, too
    else:
        interrupt_main()
