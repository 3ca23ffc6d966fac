using System.Runtime.InteropServices;
using IlZo.Arithmetic;
using IlZo.Kernels;
using IlZo.Perturbations;
using IlZo.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>What optimizers keep beside the weights of a model on a device.</summary>
internal sealed class DeviceState(DeviceStream stream, DeviceMemory memory, DeviceWeights weights) : IDisposable
{
    private const string Purpose = "numbers that the optimizer keeps";

    private readonly Dictionary<(object Owner, Parameter Parameter), (MemoryBuffer Buffer, long ByteCount)> _buffers = [];

    /// <summary>The numbers of a tensor, zero at first.</summary>
    public ArrayView<float> State(ParameterState state, Parameter parameter)
    {
        bool isNew = Take(state, parameter, parameter.Count * sizeof(float), out var buffer);
        var view = new ArrayView<float>(buffer, 0, parameter.Count);
        if (isNew)
        {
            stream.Clear(view);
        }

        return view;
    }

    /// <summary>
    /// Weights that are stored beside the model's: a copy as <see cref="Keep"/> left it, others brought to the device when they are first
    /// asked for.
    /// </summary>
    public WeightView Stored(IStoredNumbers start, Parameter parameter)
    {
        if (Take(start, parameter, parameter.ByteCount, out var buffer))
        {
            foreach (var rows in RowBlock.Of([parameter]))
            {
                byte[] stored = Rows(start, rows);
                long offset = (long)rows.Row * parameter.Columns * parameter.Type.Size();
                stream.Write(stored, new ArrayView<byte>(buffer, offset, stored.Length));
            }
        }

        return DeviceWeights.View(parameter, buffer);
    }

    /// <summary>Brings numbers to the host.</summary>
    public void Store(ParameterState state)
    {
        foreach (var ((owner, p), (buffer, _)) in _buffers)
        {
            if (ReferenceEquals(owner, state))
            {
                stream.Read(new ArrayView<float>(buffer, 0, p.Count), state.At(new WeightSlice(p, 0, 0), (int)p.Count));
            }
        }
    }

    /// <summary>Copies weights as they are now.</summary>
    public void Keep(WeightCopy copy)
    {
        foreach (var p in copy.Parameters)
        {
            Take(copy, p, p.ByteCount, out var buffer);
            stream.Copy(weights.Bytes(p), new ArrayView<byte>(buffer, 0, p.ByteCount));
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Dispose()
    {
        foreach (var (buffer, byteCount) in _buffers.Values)
        {
            memory.Give(buffer, byteCount);
        }

        _buffers.Clear();
    }

    // Whether the memory is new; what it holds then is undefined.
    private bool Take(object owner, Parameter parameter, long byteCount, out MemoryBuffer buffer)
    {
        if (_buffers.TryGetValue((owner, parameter), out var known))
        {
            buffer = known.Buffer;
            return false;
        }

        buffer = memory.Take(byteCount, Purpose);
        _buffers.Add((owner, parameter), (buffer, byteCount));
        return true;
    }

    // They are numbers of the stored type, so nothing is rounded.
    private static byte[] Rows(IStoredNumbers start, RowBlock rows)
    {
        var p = rows.Parameter;
        byte[] stored = new byte[rows.Rows * p.Columns * p.Type.Size()];
        float[] row = new float[p.Columns];
        for (int r = 0; r < rows.Rows; r++)
        {
            start.Read(new WeightSlice(p, rows.Row + r, 0), row);
            var to = stored.AsSpan(r * p.Columns * p.Type.Size());
            if (p.Type == DType.F32)
            {
                row.CopyTo(MemoryMarshal.Cast<byte, float>(to));
                continue;
            }

            var narrow = MemoryMarshal.Cast<byte, ushort>(to);
            for (int i = 0; i < row.Length; i++)
            {
                narrow[i] = StochasticRounding.Round(p.Type, row[i], 0);
            }
        }

        return stored;
    }
}
