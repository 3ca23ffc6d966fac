namespace IlZo.Clusters.Planning;

/// <summary>What lies between workers and the server.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Latency">Seconds from a worker to the server, one way.</param>
/// <param name="BytesPerSecond">Bytes a second of each worker's line.</param>
public sealed record NetworkSpeed(string Name, double Latency, double BytesPerSecond)
{
    /// <summary>Seconds that the server takes to pass a message on to one worker: a million a second.</summary>
    public const double PerDelivery = 1e-6;

    /// <summary>Bytes of a message beside its body: the envelope, the subject, and what NATS and TCP add.</summary>
    public const int MessageOverhead = 120;

    /// <summary>The networks that a plan can be for.</summary>
    public static IReadOnlyList<NetworkSpeed> All { get; } =
    [
        new("loopback", 0.05e-3, 2e9),
        new("10gbe", 0.1e-3, 1.25e9),
        new("1gbe", 0.2e-3, 1.25e8),
        new("wan", 40e-3, 6.25e6),
    ];

    /// <summary>A network by its name.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static NetworkSpeed Of(string name) => All.FirstOrDefault(n => n.Name == name) ?? throw new InvalidInputException(
        $"--network is '{name}'; {string.Join(", ", All.SkipLast(1).Select(n => n.Name))} or {All[^1].Name} was expected.");
}
