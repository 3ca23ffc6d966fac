using System.Globalization;
using System.Text.RegularExpressions;
using IlZo.Adapters;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Which layer a tensor belongs to, as the names of known checkpoints say too.</summary>
public sealed partial class LayerGroupsTests
{
    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("gpt2-tiny")]
    [InlineData("llama-gqa")]
    [InlineData("phi3-tiny")]
    [InlineData("gemma2-tiny")]
    public void Embeddings_layers_and_the_rest_are_groups(string fixture)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", fixture));
        RequireGroups(model.Parameters.Trained, model.Shape.Layers);
        var groups = new LayerGroups(model.Parameters.Trained);
        Assert.Equal(model.Shape.Layers + 2, groups.Count);
        var embeddings = model.Parameters.Trained.Where(p => p.Role.Part == ModelPart.TokenEmbedding).Select(p => groups.Of[p.Index]);
        Assert.Equal([0], embeddings);
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("prefix")]
    public void Tensors_of_an_adapter_belong_to_the_layer_that_they_change(string adapter)
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        AdapterFactory.Attach(model, new AdapterOptions(adapter), backend: null);
        RequireGroups(model.Parameters.Trained, model.Shape.Layers);
        Assert.Equal(model.Shape.Layers, new LayerGroups(model.Parameters.Trained).Count);
    }

    [Fact]
    public void Without_layers_each_tensor_is_a_group()
    {
        using var space = new TestSpace([2, 2], [3], [1, 4]);
        Assert.Equal([0, 1, 2], new LayerGroups(space.Parameters.Trained).Of);
    }

    private static void RequireGroups(IReadOnlyList<Parameter> tensors, int layers)
    {
        foreach (var tensor in tensors)
        {
            var number = Number().Match(tensor.Name);
            int? expected = number.Success ? int.Parse(number.Groups[1].Value, CultureInfo.InvariantCulture) : null;
            Assert.True(expected == tensor.Layer, $"{tensor.Name}: {tensor.Layer}");
        }

        Assert.Equal(Enumerable.Range(0, layers), tensors.Where(t => t.Layer is not null).Select(t => t.Layer!.Value).Distinct().Order());
    }

    [GeneratedRegex(@"\.?(?:layers?|h)\.(\d+)\.")]
    private static partial Regex Number();
}
