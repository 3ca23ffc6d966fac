using System.CommandLine;
using IlZo.Cli;
using IlZo.Server;

// The words are those behind 'ilzo serve', which this is a part of.
return CommandRunner.Run(["serve", .. args], () => new RootCommand { ServeCommand.Create(Serving.Run) });
