using System.Reflection;

namespace IlZo.Server.Tests;

public sealed class DependencyTests
{
    [Fact]
    public void Only_the_program_that_serves_has_the_web_server()
    {
        var serve = typeof(ModelServer).Assembly;
        var main = Assembly.Load("ilzo");
        var shared = typeof(Cli.ServeCommand).Assembly;
        Assert.Equal(["IlZo.BuiltIn", "IlZo.CommandLine", "IlZo.Core"], Ours(serve));
        Assert.Equal(["IlZo.BuiltIn", "IlZo.Cluster", "IlZo.CommandLine", "IlZo.Core", "IlZo.Gpu"], Ours(main));
        Assert.Equal(["IlZo.Core", "IlZo.Gpu"], Ours(shared));
        Assert.Contains(serve.GetReferencedAssemblies(), IsOfWeb);
        Assert.DoesNotContain(main.GetReferencedAssemblies().Concat(shared.GetReferencedAssemblies()), IsOfWeb);
    }

    private static bool IsOfWeb(AssemblyName name) => name.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal);

    private static IEnumerable<string> Ours(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(n => n.StartsWith("IlZo.", StringComparison.Ordinal)).Order();
}
