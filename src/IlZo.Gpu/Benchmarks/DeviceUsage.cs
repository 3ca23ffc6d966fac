using IlZo.Tensors;

namespace IlZo.Gpu.Benchmarks;

/// <summary>Memory of a device that a model takes.</summary>
/// <param name="Parameters">Weights of the model.</param>
/// <param name="WeightBytes">Bytes they take.</param>
/// <param name="UsedBytes">Bytes that the backend has taken, weights included.</param>
/// <param name="OccupiedBytes">Bytes that the driver calls taken, by all processes and by itself; null where there is no driver.</param>
public sealed record DeviceUsage(long Parameters, long WeightBytes, long UsedBytes, long? OccupiedBytes)
{
    internal static DeviceUsage Of(GpuBackend backend, ParameterSet parameters) =>
        new(parameters.Count, parameters.ByteCount, backend.UsedBytes, backend.Memory.Occupied);
}
