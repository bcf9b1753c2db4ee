using Switchyard.Cli.CommandLine;

return Application.Run(args);
