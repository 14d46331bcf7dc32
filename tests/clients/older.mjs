// Opens a raw WebSocket with one subprotocol, as clients of the older protocol do, and prints what became of it.
const [url, protocol] = process.argv.slice(2);
const socket = new WebSocket(url.replace('http', 'ws'), protocol);
socket.onopen = () => {
  console.log(JSON.stringify({ opened: socket.protocol }));
  socket.close();
};
socket.onerror = () => console.log(JSON.stringify({ opened: null }));
