using System.CommandLine;
using IlZo.Generation;

namespace IlZo.Cli;

/// <summary><c>ilzo serve</c>, as <c>ilzo</c> lists it and <c>ilzo-serve</c> does it.</summary>
internal static class ServeCommand
{
    public static readonly Option<string> Model = Flags.Model();
    public static readonly Option<string?> Name = Flags.Text(
        "--name", "NAME", "What requests call the model (default: the name of its folder).");
    public static readonly Option<string[]> Adapters = new("--adapter")
    {
        Description = "A folder with an adapter in PEFT's format, or a run, and what requests call the model with it; may be repeated. "
            + "The model's weights are held once.",
        HelpName = "NAME=DIR",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    public static readonly Option<string?> ChatTemplate = Flags.Text(
        "--chat-template", "FILE", "Chat template (default: the one used to train the model or its adapter, or the model's own).");
    public static readonly Option<string?> Host = Flags.Text(
        "--host", "ADDRESS", "IP address to listen on (default: 127.0.0.1, this machine only; others need a key).");
    public static readonly Option<int?> Port = Flags.Number<int>(
        "--port", "N", $"Port to listen on; 0 for any that is free (default: {ServeOptions.DefaultPort}).");
    public static readonly Option<string?> ApiKey = Flags.Text(
        "--api-key", "KEY", $"Key that requests must carry (default: the variable {ServeOptions.KeyVariable}, otherwise none).");
    public static readonly Option<int?> MaxConcurrent = Flags.Number<int>(
        "--max-concurrent", "N",
        $"Texts that are continued together, at most and by default {ConcurrentTextGenerator.MostConcurrent}.");
    public static readonly Option<int?> MaxQueue = Flags.Number<int>(
        "--max-queue", "N", $"Requests that may wait beyond those (default: {ServeOptions.DefaultQueue}).");
    public static readonly Option<int?> MaxBody = Flags.Number<int>(
        "--max-body", "BYTES", $"Size of a request at most (default: {ServeOptions.DefaultBody}).");
    public static readonly Option<int?> MaxContext = Flags.Number<int>(
        "--max-context", "N", "Tokens of a text, prompt included, at most (default: as many as the model was made for).");
    public static readonly Option<string> DType = Flags.DType();
    public static readonly Option<string?> Device = Flags.Device();
    public static readonly Option<string> Engine = Flags.Engine();
    public static readonly Option<string> Precision = Flags.Precision();
    public static readonly Option<int?> Threads = Flags.Threads();

    /// <summary>The command.</summary>
    /// <param name="run">What it does.</param>
    public static Command Create(Func<ParseResult, int> run)
    {
        var command = new Command(
            "serve",
            "Serve a model to programs that speak OpenAI's protocol: /v1/chat/completions, /v1/completions, /v1/models (docs/serve.md).")
        {
            Model, Name, Adapters, ChatTemplate, Host, Port, ApiKey, MaxConcurrent, MaxQueue, MaxBody, MaxContext, DType, Device, Engine,
            Precision, Threads,
        };
        command.SetAction(run);
        return command;
    }
}
