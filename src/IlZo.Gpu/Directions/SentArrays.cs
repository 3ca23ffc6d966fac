using IlZo.Tensors;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>Arrays of the host that kernels read, each of which goes to the device once in a pass or an update.</summary>
internal sealed class SentArrays(Transfers transfers)
{
    private readonly Dictionary<(object Owner, Parameter Parameter, Type Type), object> _sent = [];

    /// <summary>What was sent may have changed since.</summary>
    public void Forget() => _sent.Clear();

    /// <summary>Sends an array unless it was sent already.</summary>
    public ArrayView<T> Send<T>(T[] array, Parameter parameter)
        where T : unmanaged => Send(array, parameter, () => array);

    /// <summary>Sends an array unless it was sent already.</summary>
    /// <param name="owner">What the array belongs to.</param>
    /// <param name="parameter">The tensor it is for.</param>
    /// <param name="make">The array.</param>
    public ArrayView<T> Send<T>(object owner, Parameter parameter, Func<T[]> make)
        where T : unmanaged
    {
        if (!_sent.TryGetValue((owner, parameter, typeof(T)), out object? view))
        {
            _sent[(owner, parameter, typeof(T))] = view = transfers.Send<T>(make());
        }

        return (ArrayView<T>)view;
    }
}
