namespace ILGPU;

/// <summary>Lets one thread wait for another, without the spinning that would keep the processor from all the others.</summary>
internal sealed class Turn
{
    private readonly object _lock = new();
    private bool _released;

    public void Release()
    {
        lock (_lock)
        {
            _released = true;
            Monitor.Pulse(_lock);
        }
    }

    public void Wait()
    {
        lock (_lock)
        {
            while (!_released)
            {
                Monitor.Wait(_lock);
            }

            _released = false;
        }
    }
}
