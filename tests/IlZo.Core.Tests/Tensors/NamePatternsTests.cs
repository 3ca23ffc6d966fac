using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Tensors;

public sealed unsafe class NamePatternsTests : IDisposable
{
    private static readonly string[] s_names =
        ["embed.weight", "layers.0.fc.bias", "layers.0.fc.weight", "layers.10.fc.bias", "layers.11.fc.bias", "layers.2.fc.bias"];

    private readonly NativeBuffer _memory = new(64);
    private readonly ParameterSet _set;

    public NamePatternsTests() => _set = new ParameterSet(s_names.Select(Vector), [_memory]);

    public void Dispose() => _set.Dispose();

    [Theory]
    [InlineData(null, null, "0 1 2 3 4 5")]
    [InlineData("*", null, "0 1 2 3 4 5")]
    [InlineData("*.bias", null, "1 3 4 5")]
    [InlineData("layers.1[0-1].*", null, "3 4")]
    [InlineData("layers.?.*", null, "1 2 5")]
    [InlineData("layers.1[!0].*", null, "4")]
    [InlineData("embed.weight, layers.2.*", null, "0 5")]
    [InlineData(null, "embed*", "1 2 3 4 5")]
    [InlineData("*.bias", "layers.1?.*", "1 5")]
    public void Patterns_match_whole_names(string? trainOnly, string? freeze, string expected)
    {
        NamePatterns.Choose(_set, trainOnly, freeze);
        Assert.Equal(expected, string.Join(' ', _set.Trained.Select(p => p.Id)));
        Assert.Equal(Enumerable.Range(0, _set.Trained.Count), _set.Trained.Select(p => p.Index));
        Assert.All(_set.All, p => Assert.Equal(_set.Trained.Contains(p), p.IsTrained));
    }

    // Characters with a meaning in regular expressions stand for themselves.
    [Theory]
    [InlineData("embed_weight")]
    [InlineData("embed")]
    [InlineData("weight")]
    [InlineData("layers.0.fc.bias|embed.weight")]
    [InlineData("EMBED.WEIGHT")]
    [InlineData("layers.[^0].fc.bias|")]
    [InlineData("(embed.weight)")]
    public void A_pattern_that_matches_nothing_is_refused_with_names_that_exist(string pattern)
    {
        var error = Assert.Throws<InvalidInputException>(() => NamePatterns.Choose(_set, pattern, null));
        Assert.Contains($"TrainOnly has '{pattern}', which matches no tensor", error.Message, StringComparison.Ordinal);
        Assert.Contains("embed.weight", error.Message, StringComparison.Ordinal);
        Assert.Equal(s_names.Length, _set.Trained.Count);
    }

    [Theory]
    [InlineData("layers.[", null, "not well-formed")]
    [InlineData("layers.[]", null, "not well-formed")]
    [InlineData("layers.[9-0].*", null, "not well-formed")]
    [InlineData("", null, "TrainOnly is ''")]
    [InlineData("*.bias", "*.bias", "leave no tensor to train")]
    [InlineData(null, "*.gain", "Freeze has '*.gain'")]
    public void What_cannot_be_meant_is_refused(string? trainOnly, string? freeze, string message) => Assert.Contains(
        message, Assert.Throws<InvalidInputException>(() => NamePatterns.Choose(_set, trainOnly, freeze)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("role:token-embedding", null, "0")]
    [InlineData("role:embedding,layers.2.*", null, "0 5")]
    [InlineData("role:bias", null, "1 3 4 5")]
    [InlineData("role:mlp", null, "1 2 3 4 5")]
    [InlineData(null, "role:bias", "0 2")]
    [InlineData("role:mlp-up", "*.weight", "1 3 4 5")]
    public void Roles_choose_as_patterns_do(string? trainOnly, string? freeze, string expected)
    {
        NamePatterns.Choose(_set, trainOnly, freeze);
        Assert.Equal(expected, string.Join(' ', _set.Trained.Select(p => p.Id)));
    }

    [Theory]
    [InlineData("role:norm", "Freeze has 'role:norm', which is the role of no tensor; role: and one of embedding, mlp, token-embedding, "
        + "mlp-up, bias was expected.")]
    [InlineData(
        "role:",
        "Freeze has 'role:', which is not a role; role: and one of embedding, attention, mlp, lora, token-embedding, position-embedding, ")]
    [InlineData("role:MLP", "Freeze has 'role:MLP', which is not a role")]
    [InlineData("role:m*", "Freeze has 'role:m*', which is not a role")]
    public void Roles_that_are_not_there_are_refused_with_those_that_are(string freeze, string message) => Assert.StartsWith(
        message, Assert.Throws<InvalidInputException>(() => NamePatterns.Choose(_set, null, freeze)).Message, StringComparison.Ordinal);

    [Fact]
    public void Tensors_that_are_appended_get_numbers_after_those_that_are_there()
    {
        int[] before = [.. _set.All.Select(p => p.Id)];
        _set.Append([Vector("b"), Vector("a")], []);
        Assert.Equal(before, _set.All.Take(s_names.Length).Select(p => p.Id));
        Assert.Equal((6, 7), (_set["a"].Id, _set["b"].Id));
        Assert.False(_set["a"].IsTrained);
        _set.Train(p => p.Name is "b" or "embed.weight");
        Assert.Equal((0, 1, -1), (_set["embed.weight"].Index, _set["b"].Index, _set["a"].Index));
        Assert.Equal(2, _set.TrainedCount);
    }

    private Parameter Vector(string name)
    {
        var part = name.StartsWith("embed", StringComparison.Ordinal) ? ModelPart.TokenEmbedding : ModelPart.MlpUp;
        return new(name, [1], DType.F32, _memory.Data, new TensorRole(
            part, name.EndsWith("bias", StringComparison.Ordinal) ? TensorKind.Bias : TensorKind.Weight));
    }
}
