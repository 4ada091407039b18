"""Cross-origin requests, for dashboards that call the API from a browser."""

from __future__ import annotations

from typing import Any

from oslo_middleware import cors


class Cors(cors.CORS):
    """oslo.middleware's CORS; it answers 200 to every OPTIONS, this to preflight requests only."""

    def process_response(self, response: Any, request: Any = None) -> Any:
        """Decorate a response for a browser; other clients see it as it is."""
        if request is not None and "Origin" not in request.headers:
            return response
        return super().process_response(response, request)
