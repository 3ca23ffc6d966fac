using System.Reflection;
using IlZo.Clusters;
using IlZo.Training;

namespace IlZo.Cluster.Tests;

/// <summary>Dependencies point one way, and the library knows no server.</summary>
public class DependencyTests
{
    [Fact]
    public void A_cluster_needs_the_library_and_a_client_and_the_library_neither()
    {
        Assert.Equal(["IlZo.Core"], Names(typeof(ClusterRun).Assembly).Where(n => n.StartsWith("IlZo.", StringComparison.Ordinal)));
        Assert.Contains(Names(typeof(ClusterRun).Assembly), IsOfClient);
        Assert.DoesNotContain(Names(typeof(Trainer).Assembly), IsOfClient);
    }

    private static IEnumerable<string> Names(Assembly assembly) => assembly.GetReferencedAssemblies().Select(a => a.Name!);

    private static bool IsOfClient(string name) => name.StartsWith("NATS.", StringComparison.Ordinal);
}
