"""The ceiling: Starlette that reads the body and answers, and does nothing else."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def receive(request: Request) -> Response:
    await request.body()
    return JSONResponse({"status": "accepted"}, 202)


app = Starlette(routes=[Route("/webhooks/clerk", receive, methods=["POST"])])
