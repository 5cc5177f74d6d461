"""OpenStack Swift with its S3 API, all of its servers in one process: account, container, object and proxy.

usage: swift_server.py DIRECTORY KEY_ID SECRET, prints the port of the proxy when it answers.
"""
import os
import sys

import eventlet
import swift.common.utils

directory, key_id, secret = sys.argv[1:]
user, _, name = key_id.partition(':')
etc, devices = os.path.join(directory, 'etc'), os.path.join(directory, 'devices')
for folder in (etc, os.path.join(devices, 'd1')):
    os.makedirs(folder)


def write(file, text):
    path = os.path.join(etc, file)
    with open(path, 'w') as config:
        config.write(text)
    return path


swift.common.utils.SWIFT_CONF_FILE = write('swift.conf', f'''
[swift-hash]
swift_hash_path_suffix = {os.urandom(8).hex()}
[storage-policy:0]
name = one
default = yes
''')

from swift.common.ring import RingBuilder
from swift.common.wsgi import SwiftHttpProtocol, loadapp

swift.common.utils.eventlet_monkey_patch()
COMMON = f'''
[DEFAULT]
swift_dir = {etc}
devices = {devices}
mount_check = false
log_level = CRITICAL
'''


def serve(socket, config):
    app = loadapp(config, global_conf={'log_name': 'swift'}, allow_modify_pipeline=True)
    return eventlet.spawn(eventlet.wsgi.server, socket, app, log_output=False, protocol=SwiftHttpProtocol)


servers = []
sockets = {}
for kind in ('account', 'container', 'object'):
    sockets[kind] = eventlet.listen(('127.0.0.1', 0))
    builder = RingBuilder(2, 1, 0)
    device = {'id': 0, 'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'device': 'd1', 'weight': 1}
    builder.add_dev({**device, 'port': sockets[kind].getsockname()[1]})
    builder.rebalance()
    builder.get_ring().save(os.path.join(etc, f'{kind}.ring.gz'))
for kind, socket in sockets.items():
    config = f'{COMMON}[pipeline:main]\npipeline = server\n[app:server]\nuse = egg:swift#{kind}\n'
    servers.append(serve(socket, write(f'{kind}.conf', config)))

# No memcached answers there: what would be kept in it is looked up.
proxy = write('proxy.conf', f'''{COMMON}
[pipeline:main]
pipeline = catch_errors cache s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
[filter:s3api]
use = egg:swift#s3api
location = eu-central-1
[filter:tempauth]
use = egg:swift#tempauth
user_{user}_{name} = {secret} .admin
''')
front = eventlet.listen(('127.0.0.1', 0))
servers.append(serve(front, proxy))
print(front.getsockname()[1], flush=True)
for server in servers:
    server.wait()
