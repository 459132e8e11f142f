// SPDX-License-Identifier: Apache-2.0
// A Node http server: content-length, chunked (head, size line and data in different iovecs), large.
'use strict';
const http = require('http');

const LARGE_SIZE = 3 * 1000 * 1000 + 1;

const answers = {
	'/plain': (request, response) => {
		response.setHeader('Content-Length', 5);
		response.end('hello');
	},
	'/chunked': (request, response) => {
		for (let i = 1; i <= 5; i++)
			response.write('x'.repeat(100 * i + 1));
		response.end();
	},
	'/large': (request, response) => response.end(Buffer.alloc(LARGE_SIZE, 'y')),
};

const server = http.createServer((request, response) => {
	const answer = answers[request.url.split('?')[0]];

	request.resume();
	request.on('end', () => {
		if (answer)
			return answer(request, response);
		response.statusCode = 404;
		response.end();
	});
});
// idle connections must not be closed by a timer while a slow machine still sends
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
	console.log(`nodeserver: listening on 127.0.0.1:${server.address().port}`);
});
