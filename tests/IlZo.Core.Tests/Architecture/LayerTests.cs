using Xunit;

namespace IlZo.Core.Tests.Architecture;

/// <summary>The folders of the library have an order in which everything points down.</summary>
public class LayerTests
{
    // From the bottom up; what stands in one line may know each other's neighbours below, not each other.
    private static readonly string[][] s_layers =
    [
        ["Machine", "BuiltIn"],
        ["Files"],
        ["Tensors"],
        ["Arithmetic"],
        ["Noise"],
        ["Checkpoints"],
        ["Tokenization"],
        ["Perturbations"],
        ["Updates"],
        ["Backends"],
        ["Models"],
        ["Adapters"],
        ["Tasks"],
        ["Datasets"],
        ["Optimizers"],
        ["Functions", "Generation", "Gguf"],
        ["Training"],
        ["Benchmarks", "Inference", "Reporting"],
    ];

    private static readonly TypeReferences s_references = new(typeof(InvalidInputException).Assembly);

    [Fact]
    public void Everything_points_down()
    {
        string[] upward = [.. s_references.Between.Where(
            r => Layer(r.To) >= Layer(r.From)).Select(r => $"{r.From} -> {r.To}: {r.Example}").Order(StringComparer.Ordinal)];
        Assert.True(upward.Length == 0, string.Join('\n', upward));
    }

    [Fact]
    public void Every_folder_has_its_place()
    {
        Assert.Equal(s_layers.SelectMany(l => l).Order(StringComparer.Ordinal), s_references.Folders.Order(StringComparer.Ordinal));

        // A reading that finds nothing would pass too: these two are known.
        Assert.Contains(s_references.Between, r => r is { From: "Training", To: "Optimizers" });
        Assert.Contains(s_references.Between, r => r is { From: "Backends", To: "Noise" });
    }

    [Fact]
    public void The_five_walks_of_the_architecture_never_go_up()
    {
        // A line of a walk that begins with an arrow continues the one before.
        string text = File.ReadAllText(TestData.InRepository("ARCHITECTURE.md")).ReplaceLineEndings("\n").Replace(
            "\n    →", " →", StringComparison.Ordinal);
        string[][] walks = [.. text.Split('\n').Where(
            l => l.StartsWith("    ", StringComparison.Ordinal) && l.Contains('→', StringComparison.Ordinal))
            .Select(l => l.Split('→', StringSplitOptions.TrimEntries))];
        Assert.Equal(5, walks.Length);
        foreach (string[] walk in walks)
        {
            int[] layers = [.. walk.Select(name => Layer(s_references.FolderOf(name)))];
            Assert.True(
                layers.Zip(layers.Skip(1)).All(p => p.Second <= p.First), string.Join(" → ", walk.Zip(layers, (n, l) => $"{n} ({l})")));
        }
    }

    private static int Layer(string folder) => Array.FindIndex(s_layers, l => l.Contains(folder));
}
