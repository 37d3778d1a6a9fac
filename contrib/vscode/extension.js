// Starts `xmlresource server` for XML, and leaves all else to it.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const [command, ...args] = workspace.getConfiguration("xmlresource").get("command");
  client = new LanguageClient(
    "xmlresource",
    "xmlresource",
    { command, args },
    { documentSelector: [{ language: "xml" }] },
  );
  return client.start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
