-- Neovim 0.7 or newer: libvirt's XML, checked, completed and explained by `xmlresource server`.
-- Put it into ~/.config/nvim/plugin/.

local clients = {} -- by folder; Neovim 0.8 and newer keep count themselves

local function attach(buffer)
  local folder = vim.fn.getcwd()
  local config = {
    name = "xmlresource",
    cmd = { "xmlresource", "server" },
    root_dir = folder,
    workspace_folders = { { uri = vim.uri_from_fname(folder), name = folder } },
  }
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
  else
    config.on_exit = function()
      clients[folder] = nil
    end
    clients[folder] = clients[folder] or vim.lsp.start_client(config)
    vim.lsp.buf_attach_client(buffer, clients[folder])
  end
  -- Ctrl-X Ctrl-O completes; newer ones set both by themselves.
  vim.bo[buffer].omnifunc = "v:lua.vim.lsp.omnifunc"
  vim.keymap.set("n", "K", vim.lsp.buf.hover, { buffer = buffer })
end

vim.api.nvim_create_autocmd("FileType", {
  pattern = "xml",
  callback = function(event)
    attach(event.buf)
  end,
})
