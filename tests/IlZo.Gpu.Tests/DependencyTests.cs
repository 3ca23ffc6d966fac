using System.Reflection;
using IlZo.Kernels;

namespace IlZo.Gpu.Tests;

public class DependencyTests
{
    [Fact]
    public void Dependencies_point_from_the_host_side_to_the_kernels_to_the_library()
    {
        Assert.Equal(["IlZo.Core", "IlZo.Kernels"], Ours(typeof(GpuBackend).Assembly));
        Assert.Equal(["IlZo.Core"], Ours(typeof(Linear).Assembly));
        Assert.Equal(["IlZo.Core"], Ours(typeof(BuiltIn.BuiltInModel).Assembly));
    }

    private static IEnumerable<string> Ours(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(n => n.StartsWith("IlZo.", StringComparison.Ordinal)).Order();
}
