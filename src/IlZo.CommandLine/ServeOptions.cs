using System.CommandLine;
using System.Net;
using IlZo.Backends;
using IlZo.Generation;
using IlZo.Tensors;

namespace IlZo.Cli;

/// <summary>What is served, and to whom.</summary>
/// <param name="Model">A model folder, a run or builtin.</param>
/// <param name="Name">What requests call it; null for the name of its folder.</param>
/// <param name="Adapters">Adapters over it by the names that requests have for them.</param>
/// <param name="ChatTemplate">A file with the chat template; null for the models' own.</param>
/// <param name="Address">Where to listen.</param>
/// <param name="Port">The port; 0 for any that is free.</param>
/// <param name="ApiKey">What requests have to carry; null for nothing.</param>
/// <param name="MaxConcurrent">Texts that grow together at most.</param>
/// <param name="MaxQueue">Requests that may wait beyond those.</param>
/// <param name="MaxBody">Bytes of a request at most.</param>
/// <param name="MaxContext">Tokens of a text at most; null for what the model was made for.</param>
internal sealed record ServeOptions(
    string Model, string? Name, IReadOnlyList<(string Name, string Folder)> Adapters, string? ChatTemplate, IPAddress Address, int Port,
    string? ApiKey, int MaxConcurrent, int MaxQueue, int MaxBody, int? MaxContext)
{
    /// <summary>The variable of the environment that has the key where the command line does not.</summary>
    public const string KeyVariable = "ILZO_API_KEY";

    public const int DefaultPort = 8080;
    public const int DefaultQueue = 256;
    public const int DefaultBody = 1 << 20;

    private const int MostQueue = 65_536;
    private const int LongestKey = 1_024;

    /// <summary>The type to keep weights in; null for the stored one.</summary>
    public DType? DType { get; init; }

    /// <summary>The device's name, or null.</summary>
    public string? Device { get; init; }

    /// <summary>What computes products.</summary>
    public EngineRequest Engine { get; init; } = new();

    /// <summary>CPU threads; null for all processors.</summary>
    public int? Threads { get; init; }

    /// <summary>What a command line says.</summary>
    /// <exception cref="InvalidInputException">A value is outside its range, or others could use the server without a key.</exception>
    public static ServeOptions Read(ParseResult parsed)
    {
        var address = ParseAddress(parsed.GetValue(ServeCommand.Host) ?? IPAddress.Loopback.ToString());
        string? key = ParseKey(parsed.GetValue(ServeCommand.ApiKey) ?? Environment.GetEnvironmentVariable(KeyVariable));
        if (key is null && !IPAddress.IsLoopback(address))
        {
            throw new InvalidInputException(
                $"--host is {address}, where other machines reach the server, and there is no key; --api-key or {KeyVariable} was "
                    + "expected.");
        }

        return new ServeOptions(
            parsed.GetValue(ServeCommand.Model)!,
            parsed.GetValue(ServeCommand.Name),
            [.. (parsed.GetValue(ServeCommand.Adapters) ?? []).Select(ParseAdapter)],
            parsed.GetValue(ServeCommand.ChatTemplate),
            address,
            Within("--port", parsed.GetValue(ServeCommand.Port) ?? DefaultPort, 0, ushort.MaxValue),
            key,
            Within(
                "--max-concurrent", parsed.GetValue(ServeCommand.MaxConcurrent) ?? ConcurrentTextGenerator.MostConcurrent, 1,
                ConcurrentTextGenerator.MostConcurrent),
            Within("--max-queue", parsed.GetValue(ServeCommand.MaxQueue) ?? DefaultQueue, 0, MostQueue),
            Within("--max-body", parsed.GetValue(ServeCommand.MaxBody) ?? DefaultBody, 1, int.MaxValue),
            parsed.GetValue(ServeCommand.MaxContext) is { } context ? Within("--max-context", context, 2, int.MaxValue) : null)
        {
            DType = Flags.ParseDType(parsed.GetValue(ServeCommand.DType)),
            Device = parsed.GetValue(ServeCommand.Device),
            Engine = new EngineRequest(parsed.GetValue(ServeCommand.Engine)!, parsed.GetValue(ServeCommand.Precision)!),
            Threads = parsed.GetValue(ServeCommand.Threads),
        };
    }

    private static IPAddress ParseAddress(string host) => host == "localhost" ? IPAddress.Loopback
        : IPAddress.TryParse(host, out var address) ? address
        : throw new InvalidInputException(
            $"--host is '{host}'; an IP address of this machine, such as 127.0.0.1 or 0.0.0.0, was expected.");

    // Messages do not repeat it.
    private static string? ParseKey(string? key) => string.IsNullOrEmpty(key) ? null
        : key.Length <= LongestKey && key.All(c => c is > ' ' and <= '~') ? key
        : throw new InvalidInputException(
            $"The key has a character that a header cannot have, or more than {LongestKey}; letters, digits and marks of ASCII without "
                + "spaces were expected.");

    private static (string Name, string Folder) ParseAdapter(string text)
    {
        string[] parts = text.Split('=', 2);
        return parts.Length == 2 && parts.All(part => part.Length > 0)
            ? (parts[0], parts[1])
            : throw new InvalidInputException($"--adapter is '{text}'; NAME=DIR was expected.");
    }

    private static int Within(string name, int value, int least, int most) => value >= least && value <= most
        ? value
        : throw new InvalidInputException($"{name} is {value}; {least} to {most} was expected.");
}
