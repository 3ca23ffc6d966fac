using IlZo.Adapters;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Adapters;

/// <summary>Several adapters beside each other on one model, of which a pass has one.</summary>
public sealed class AdapterUseTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly ForwardFixture _fixture = new("llama-gqa");

    public void Dispose()
    {
        _fixture.Dispose();
        _temp.Dispose();
    }

    [Fact]
    public void Passes_and_sizes_are_those_of_the_adapter_in_use()
    {
        var model = _fixture.Model;
        var own = model.Shape;
        var batch = ForwardFixture.Batch([.. Enumerable.Range(0, 20).Select(i => (i * 7) % 50)]);
        float[] plain = _fixture.Logits(batch);
        var lora = Attach(TestAdapters.SaveLora(_fixture.Folder, _temp["lora"], 1));
        float[] withLora = _fixture.Logits(batch);
        var prefix = Attach(TestAdapters.SavePrefix(_fixture.Folder, _temp["prefix"]));
        float[] withPrefix = _fixture.Logits(batch);
        Assert.NotEqual(plain, withLora);
        Assert.NotEqual(plain, withPrefix);
        Assert.Equal(own.MaxPositions - 5, model.Shape.MaxPositions);
        model.Use(lora);
        Assert.Equal(withLora, _fixture.Logits(batch));
        Assert.Equal(own, model.Shape);

        // What was added is the model's, in use or not.
        prefix.Dispose();
        model.Use(prefix);
        Assert.Equal(withPrefix, _fixture.Logits(batch));
        model.Use(null);
        Assert.Equal(plain, _fixture.Logits(batch));
        Assert.Equal((own, own.MaxPositions - 5), (model.Shape, model.ShapeWith(prefix).MaxPositions));
    }

    [Fact]
    public void An_adapter_of_another_model_is_refused()
    {
        using var other = ModelLoader.Load(_fixture.Folder);
        AdapterFactory.Attach(other, TestAdapters.SaveLora(_fixture.Folder, _temp["lora"], 1));
        Assert.Throws<InvalidOperationException>(() => _fixture.Model.Use(other.Adapter));
    }

    private Adapter Attach(string folder)
    {
        _fixture.Model.Use(null);
        AdapterFactory.Attach(_fixture.Model, folder);
        return _fixture.Model.Adapter!;
    }
}
