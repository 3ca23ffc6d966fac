namespace IlZo.Backends.Cpu;

internal unsafe partial class CpuPass
{
    // An activation as the engine wants it, packed where it is not yet; every block of weights, and every layer that follows, reads the
    // result.
    private protected PanelOperand OperandOf(CpuActivation x)
    {
        long panelBytes = _products.PackedPanelBytes(x.Features);
        if (panelBytes == 0)
        {
            return new PanelOperand(x, null, 0);
        }

        bool isPacked = _packed.IsOf(x);
        var operand = new PanelOperand(x, _packed.Hold(x, panelBytes * x.AllPanels), panelBytes);
        if (!isPacked)
        {
            _pool.Run(x.AllPanels, new PackWork(_products, x, operand));
        }

        return operand;
    }

    private readonly struct PackWork(ProductEngine products, CpuActivation x, PanelOperand operand) : IWork
    {
        public void Do(int item, int worker) => products.PackPanel(x.At(item), x.Features, operand.At(item));
    }
}
