using System.CommandLine;
using System.Runtime.InteropServices;
using Switchyard.Peers.Layers;
using Switchyard.Peers.Models;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

RootCommand root = new("Times Switchyard beside torch, ONNX Runtime and llama.cpp on this machine.");
root.Subcommands.Add(LayerCommand.Make());
root.Subcommands.Add(ModelCommand.Make());
root.Subcommands.Add(GptqCommand.Make());
root.Subcommands.Add(WorkerCommand.Make());
return root.Parse(args).Invoke();
