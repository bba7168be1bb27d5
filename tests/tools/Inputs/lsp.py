# Speaks to minrnn-lsp-server as an editor does, and prints what it says.
import json
import subprocess

server = subprocess.Popen(["minrnn-lsp-server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    server.stdin.flush()


def receive():
    length = 0
    while (line := server.stdout.readline().strip()) != b"":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return json.loads(server.stdout.read(length))


send(
    {
        "id": 1,
        "method": "initialize",
        "params": {"processId": None, "rootUri": None, "capabilities": {}},
    }
)
print("initialize:", " ".join(receive()["result"]))
text = "minrnn.cell @c(%x: !minrnn.input) state(%h: f32) { minrnn.yield %h : f32 }"
send(
    {
        "method": "textDocument/didOpen",
        "params": {
            "textDocument": {
                "uri": "file:///cell.mlir",
                "languageId": "mlir",
                "version": 1,
                "text": text,
            }
        },
    }
)
for diagnostic in receive()["params"]["diagnostics"]:
    print("diagnostics:", diagnostic["message"])
send({"id": 2, "method": "shutdown"})
receive()
send({"method": "exit"})
print("exit:", server.wait(timeout=20))
