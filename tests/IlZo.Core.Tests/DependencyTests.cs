using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests;

public class DependencyTests
{
    [Fact]
    public void The_library_depends_on_the_framework_and_a_reader_of_Parquet()
    {
        var references = typeof(Parameter).Assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(name => name != "Parquet");
        Assert.All(references, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));

        // What calls OpenSSL.
        Assert.DoesNotContain(references, name => name.StartsWith("System.Security", StringComparison.Ordinal));
    }
}
