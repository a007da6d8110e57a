import http.server, os, socketserver

flavour = os.environ.get("FLAVOUR", "good")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 500 if self.path == "/healthz" and flavour == "unhealthy" else 200
        body = flavour.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

Server((os.environ["HOST"], 8080), Handler).serve_forever()
