namespace IlZo.Cluster.Tests.Nats;

/// <summary>A server that tests of a class have in common, each with a run of its own.</summary>
public sealed class NatsFixture : IDisposable
{
    private readonly Lazy<NatsServer> _server = new(() => new NatsServer(), LazyThreadSafetyMode.None);

    /// <summary>The server. The test that asks for it is skipped where there is none.</summary>
    public NatsServer Server => _server.Value;

    public void Dispose()
    {
        if (_server.IsValueCreated)
        {
            _server.Value.Dispose();
        }
    }
}
