// The Lambda Runtime API for function.js. AWS's own client, aws-lambda-ric, is not published built: npm would compile
// curl and a C++ library, which takes cmake and autotools, and the present version wants Node 22.

const http = require("node:http");
const { handler } = require("./function.js");

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const request = (method, path, body) =>
  new Promise((resolve, reject) => {
    const sent = http.request(`${api}/${path}`, { method, agent }, async (response) => {
      try {
        const chunks = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() });
      } catch (error) {
        reject(error);
      }
    });
    sent.on("error", reject).end(body);
  });

const main = async () => {
  for (;;) {
    const { headers, text } = await request("GET", "next");
    const id = headers["lambda-runtime-aws-request-id"];
    try {
      const answer = await handler(JSON.parse(text), { awsRequestId: id });
      await request("POST", `${id}/response`, JSON.stringify(answer));
    } catch ({ name, message }) {
      await request("POST", `${id}/error`, JSON.stringify({ errorType: name, errorMessage: message }));
    }
  }
};

main();
