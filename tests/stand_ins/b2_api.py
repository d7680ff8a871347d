"""Backblaze's B2 API as its own client library simulates it, over HTTP: authorize_account alone.

Says where it listens, then two key pairs, one a line. Ends when its stdin does.
"""

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from b2sdk.v3 import RawSimulator
from b2sdk.v3.exception import InvalidAuthToken

simulator = RawSimulator()
account, master = simulator.create_account()
token = simulator.authorize_account('', account, master)['authorizationToken']
bucket = simulator.create_bucket(simulator.API_URL, token, account, 'backups', 'allPrivate')['bucketId']


def key(**limits):
    made = simulator.create_key(simulator.API_URL, token, account, key_name='backups', **limits,
                                valid_duration_seconds=None)
    return made['applicationKeyId'], made['applicationKey']


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        assert self.path == '/b2api/v3/b2_authorize_account', self.path
        kind, pair = self.headers['Authorization'].split(' ')
        assert kind == 'Basic'
        identity, _, secret = base64.b64decode(pair).decode().partition(':')
        try:
            status, answer = 200, simulator.authorize_account('', identity, secret)
        except InvalidAuthToken as error:
            status, answer = 401, {'status': 401, 'code': error.code, 'message': error.message}
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        pass


everything = key(capabilities=['listBuckets', 'listFiles', 'readFiles', 'writeFiles'],
                 bucket_ids=None, name_prefix=None)
limited = key(capabilities=['writeFiles'], bucket_ids=[bucket], name_prefix='db')
server = HTTPServer(('127.0.0.1', 0), Api)
print(f'http://127.0.0.1:{server.server_port}')
for pair in (everything, limited):
    print(*pair)
sys.stdout.flush()
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
