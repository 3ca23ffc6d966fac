using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Architecture;

public class DependencyTests
{
    // Parquet.Net, and the decompressors that come with it.
    private static readonly string[] s_parquet = ["Parquet", "Snappier", "ZstdSharp", "K4os.Compression.LZ4"];

    [Fact]
    public void The_library_depends_on_the_framework_and_a_reader_of_Parquet()
    {
        var references = typeof(Parameter).Assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(name => !s_parquet.Contains(name));
        Assert.All(references, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));

        // What calls OpenSSL.
        Assert.DoesNotContain(references, name => name.StartsWith("System.Security", StringComparison.Ordinal));
    }
}
