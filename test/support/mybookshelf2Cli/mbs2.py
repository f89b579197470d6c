"""
Stands in for the command-line program of a MyBookshelf2 server: its arguments, its exit codes and what it says.
The "server" is the folder `server` beside it:

    password         of the user admin
    books/           a file for each book that is on the shelf, named for its key
    runs.jsonl       the arguments of each run, in order
    faults/          what the next uploads are to do, one file each, taken in the order of their names
    every            what every run is to do as soon as it is logged in
    down             while it is there, nothing can be connected to
    old              while it is there, the program knows no --language
"""

import argparse
import hashlib
import json
import logging
import os
import signal
import sys
import time

server = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'server')
log = logging.getLogger('mbs2')
formats = 'pdf txt pdb rtf doc mobi prc epub odt djvu html htm chm lit fb2 docx azw3'.split()
languages = {'cs': 'cs', 'en': 'en', 'ru': 'ru', 'sk': 'sk', 'eng': 'en', 'ces': 'cs', 'slk': 'sk'}


class ActionError(Exception):
    pass


class SoftActionError(ActionError):
    pass


def thrown(name, text):
    module, _, plain = name.rpartition('.')
    return type(plain, (Exception,), {'__module__': module or 'builtins'})(text)


def next_fault():
    folder = os.path.join(server, 'faults')
    for name in sorted(os.listdir(folder)):
        taken = os.path.join(server, 'fault-%d' % os.getpid())
        try:
            os.rename(os.path.join(folder, name), taken)
        except FileNotFoundError:
            continue
        with open(taken) as file:
            fault = json.load(file)
        os.remove(taken)
        return fault
    return {}


def connect(options):
    if os.path.exists(os.path.join(server, 'down')):
        raise thrown(
            'requests.exceptions.ConnectionError',
            "HTTPConnectionPool(host='localhost', port=6006): Max retries exceeded with url: /login (Caused by "
            "NewConnectionError('<urllib3.connection.HTTPConnection object>: Failed to establish a new connection: "
            "[Errno 111] Connection refused'))",
        )
    with open(os.path.join(server, 'password')) as file:
        if (options.user, options.password) != ('admin', file.read()):
            raise Exception('Cannot Log In')
    logging.getLogger('client').info('Starting client')
    if os.path.exists(os.path.join(server, 'every')):
        with open(os.path.join(server, 'every')) as file:
            misbehave(json.load(file))


def read_file(options):
    if not os.access(options.file, os.R_OK):
        raise ActionError('File %s does not exists or is not readable' % options.file)
    with open(options.file, 'rb') as file:
        body = file.read()
    if not body:
        raise ValueError('empty file')
    return '%s-%d' % (hashlib.sha1(body).hexdigest(), len(body))


def misbehave(fault):
    if fault.get('stubborn'):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(fault.get('lines', 0)):
        log.info('still at it')
        time.sleep(0.3)
    until = time.time() + fault.get('busySeconds', 0)
    while time.time() < until:
        pass
    if 'hang' in fault:
        time.sleep(600)
    if 'raise' in fault:
        raise thrown(*fault['raise'])


def upload(options):
    if (options.series is None) != (options.series_index is None):
        raise ActionError('both or neither')
    if len(options.author or []) > 20:
        raise ActionError('too many authors')
    key = read_file(options)
    fault = next_fault()
    book = os.path.join(server, 'books', key)
    name = options.file_name or os.path.basename(options.file)
    extension = os.path.splitext(name)[1][1:].lower()
    if extension not in formats:
        raise ActionError('API error: unsupported file type , extension %s None' % extension)
    if os.path.exists(book):
        raise SoftActionError('This file is already in db')
    misbehave(fault)
    if options.language not in languages:
        raise ActionError('We need at least title and language')
    if 'late' in fault:
        with open(book, 'w') as file:
            file.write('{}')
    entry = {
        'file_name': name,
        'title': options.title,
        'authors': options.author or [],
        'language': languages[options.language],
        'series': options.series,
        'series_index': options.series_index,
    }
    try:
        with open(book, 'x') as file:
            json.dump(entry, file)
    except FileExistsError:
        raise ActionError('API error: File already exists Existing source 101 in ebook A title(100)')
    if 'killedAfter' in fault:
        os.kill(os.getpid(), signal.SIGKILL)
    if 'raiseAfter' in fault:
        raise thrown(*fault['raiseAfter'])
    logging.getLogger('mbs2.upload').info('Added file to new ebook #1')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--api-url', default='http://localhost:6006')
    parser.add_argument('--ws-url', default='ws://localhost:8080/ws')
    parser.add_argument('-u', '--user')
    parser.add_argument('-p', '--password')
    parser.add_argument('--debug', action='store_true')
    parser.add_argument('-q', '--quiet', action='store_true')
    actions = parser.add_subparsers(dest='action')
    action = actions.add_parser('upload')
    action.add_argument('--file', required=True)
    action.add_argument('--file-name')
    action.add_argument('--title')
    action.add_argument('--author', action='append')
    action.add_argument('--series')
    action.add_argument('--series-index', type=int)
    action.add_argument('--genre', action='append')
    if not os.path.exists(os.path.join(server, 'old')):
        action.add_argument('--language')
    action.add_argument('--quality', type=float)
    action.add_argument('--json', action='store_true')
    with open(os.path.join(server, 'runs.jsonl'), 'a') as file:
        file.write(json.dumps(sys.argv[1:]) + '\n')
    options = parser.parse_args()
    if options.action is None:
        parser.print_help()
        sys.exit(2)
    logging.basicConfig(level=logging.INFO)
    connect(options)
    upload(options)
    log.info('Done')


if __name__ == '__main__':
    try:
        main()
    except SoftActionError:
        log.exception('Data error - no use in retrying')
        sys.exit(11)
    except Exception:
        log.exception('Program error')
        sys.exit(1)
