"""`python -m sandbox.region --region 54`: settings in, everything assembled, served until a signal."""

from argparse import ArgumentParser

from sandbox.chassis import json_log
from sandbox.chassis.serving import build_server, serve_until_signal
from sandbox.region.assembly import assemble
from sandbox.region.config import Settings
from sandbox.region.tls import open_port

_CONTROL_THREADS = 4


def main() -> None:
    """Run one region."""
    parser = ArgumentParser(prog="python -m sandbox.region")
    parser.add_argument("--region", required=True, help='code of the region, "54"')
    region = parser.parse_args().region
    settings = Settings.from_environment()
    json_log.configure(program=f"region {region}", level=settings.log_level)
    parts = assemble(settings, region=region)
    open_port(parts.server, settings, listen=settings.region_listen)
    parts.server.start()
    parts.feed.start()
    parts.calendar.start()
    parts.postman.start()

    def stop() -> None:
        parts.server.stop(2).wait()
        parts.postman.stop()
        parts.calendar.stop()
        parts.feed.stop()

    serve_until_signal(
        build_server(parts.control, listen=settings.region_control_listen, threads=_CONTROL_THREADS), on_stop=stop
    )


if __name__ == "__main__":
    main()
