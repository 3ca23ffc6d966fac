using IlZo.Adapters;
using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Models;

public sealed unsafe class BaseWeightsTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void What_was_not_trained_equals_it_in_every_type_and_training_does_not_change_it(DType? type)
    {
        using var model = ModelLoader.Load(ModelLoader.BuiltIn, type);
        using var start = BaseWeights.Open(ModelLoader.Open(ModelLoader.BuiltIn), model);
        var first = model.Parameters.All[0];
        new Span<byte>(first.Data, first.Type.Size()).Clear();
        foreach (var p in model.Parameters.All)
        {
            int row = p.Rows - 1;
            float[] stored = new float[p.Columns];
            float[] read = new float[p.Columns];
            start.Read(new WeightSlice(p, row, 0), read);
            fixed (float* to = stored)
            {
                Widening.Read(p.Type, p.At(row, 0), to, stored.Length);
            }

            int from = p == first && row == 0 ? 1 : 0;
            Assert.Equal(stored[from..], read[from..]);
            float[] part = new float[p.Columns - 1];
            start.Read(new WeightSlice(p, row, 1), part);
            Assert.Equal(read[1..], part);
        }

        float[] whole = new float[first.Columns];
        start.Read(new WeightSlice(first, 0, 0), whole);
        Assert.NotEqual(0, whole[0]);
    }

    [Fact]
    public void The_start_of_an_adapter_stays_when_it_is_trained()
    {
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        AdapterFactory.Attach(model, new AdapterOptions("lora"), null);
        using var start = BaseWeights.Of(model.Adapter!.Copy());
        foreach (var p in model.Adapter.Parameters)
        {
            float[] before = Adapter.Row(p, p.Rows - 1).ToArray();
            Adapter.Values(p).Fill(7);
            float[] read = new float[p.Columns - 2];
            start.Read(new WeightSlice(p, p.Rows - 1, 2), read);
            Assert.Equal(before[2..], read);
        }
    }
}
