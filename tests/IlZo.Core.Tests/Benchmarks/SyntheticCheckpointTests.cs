using IlZo.Benchmarks;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Benchmarks;

public class SyntheticCheckpointTests
{
    public static TheoryData<string> TinyShapes => [.. SyntheticCheckpoint.TinyShapes];

    [Theory]
    [MemberData(nameof(TinyShapes))]
    public void Matrices_are_normal_norms_are_near_one_and_biases_near_zero(string shape)
    {
        using var folder = new SyntheticFolder(shape);
        using var model = ModelLoader.Load(folder.Path);
        double[] matrices = [.. model.Parameters.All.Where(p => p.Shape.Count > 1).SelectMany(Values)];
        double deviation = Math.Sqrt(matrices.Average(v => v * v));
        Assert.InRange(deviation, 0.98 * folder.Deviation, 1.02 * folder.Deviation);
        foreach (var vector in model.Parameters.All.Where(p => p.Shape.Count == 1))
        {
            double expected = vector.Name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0;
            Assert.InRange(Values(vector).Average(), expected - folder.Deviation, expected + folder.Deviation);
        }
    }

    [Theory]
    [MemberData(nameof(TinyShapes))]
    public void An_outline_has_the_same_tensors_and_vectors_and_zeros_for_matrices(string shape)
    {
        using var folder = new SyntheticFolder(shape);
        using var outline = new SyntheticFolder(shape, outline: true);
        using var whole = CheckpointFolder.Open(folder.Path);
        using var part = CheckpointFolder.Open(outline.Path);
        Assert.Equal(whole.ConfigBytes, part.ConfigBytes);
        Assert.Equal(whole.Tensors.Keys.Order(), part.Tensors.Keys.Order());
        foreach (var tensor in whole.Tensors.Values)
        {
            var other = part.Tensors[tensor.Name];
            Assert.Equal(tensor.Shape, other.Shape);
            Assert.Equal(tensor.Shape.Count > 1 ? new byte[tensor.ByteCount] : Bytes(tensor), Bytes(other));
        }
    }

    [Fact]
    public void A_shape_that_is_not_there_is_refused_with_those_that_are()
    {
        var error = Assert.Throws<InvalidInputException>(() => new SyntheticFolder("opt-2m"));
        Assert.StartsWith("There is no shape 'opt-2m'; one of these was expected: opt-125m, ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("roberta-tiny.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_deleted_with_its_object()
    {
        var folder = new SyntheticFolder("opt-tiny");
        Assert.True(File.Exists(Path.Combine(folder.Path, "model.safetensors")));
        folder.Dispose();
        Assert.False(Directory.Exists(folder.Path));
    }

    private static unsafe double[] Values(Parameter p) => [.. Enumerable.Range(0, (int)p.Count).Select(i => (double)((Half*)p.Data)[i])];

    private static unsafe byte[] Bytes(TensorEntry tensor) => new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteCount).ToArray();
}
