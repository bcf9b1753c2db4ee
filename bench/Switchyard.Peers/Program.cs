using System.CommandLine;
using System.Runtime.InteropServices;
using Switchyard.Peers.Models;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

RootCommand root = new("Times Switchyard beside llama.cpp on this machine.");
root.Subcommands.Add(ModelCommand.Make());
root.Subcommands.Add(WorkerCommand.Make());
return root.Parse(args).Invoke();
