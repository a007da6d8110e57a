import http.server, os, socketserver, sys, time

flavour = os.environ.get("FLAVOUR", "good")
if flavour == "crashing":
    print("cannot find the model", flush=True)
    sys.exit(3)

if flavour == "migration":
    print("migrating " + os.environ.get("STEPS", "none"), flush=True)
    print("a warning", file=sys.stderr, flush=True)
    sys.exit(int(os.environ.get("EXIT", "0")))
if flavour == "sidecar":
    while True:
        time.sleep(0.05)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 200
        if self.path == "/healthz" and flavour == "unhealthy":
            status = 500
        if self.path == "/orders" and flavour == "erroring":
            status = 500
        if self.path == "/slow":
            time.sleep(0.7)
        if self.path == "/die":
            os._exit(7)
        body = (flavour + " " + os.environ["HOST"]).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(201)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

print("serving " + flavour, flush=True)
Server((os.environ["HOST"], 8080), Handler).serve_forever()
